/** A choice of the roles that somebody may give. */
import { orgRoles, type OrgRole } from '../../../control-plane/src/contract/api.ts';
import { SelectField } from '../ui/select-field.tsx';
import { roleWords } from './role-words.ts';

interface RoleSelectProps {
  readonly label: string;
  readonly hideLabel?: boolean;
  readonly value: OrgRole;
  readonly mayGive: (role: OrgRole) => boolean;
  readonly disabled?: boolean;
  readonly onChange: (role: OrgRole) => void;
}

export function RoleSelect({ label, hideLabel = false, value, mayGive, disabled = false, onChange }: RoleSelectProps) {
  return (
    <SelectField
      label={label}
      hideLabel={hideLabel}
      value={value}
      disabled={disabled}
      options={orgRoles.filter((role) => role === value || mayGive(role)).map((role) => [role, roleWords[role].name])}
      onChoose={onChange}
    />
  );
}
