/** A choice of the roles that somebody may give. */
import { orgRoles, type OrgRole } from '../../../control-plane/src/contract/api.ts';
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
    <label className="flex flex-col gap-1.5 text-sm font-semibold">
      <span className={hideLabel ? 'sr-only' : ''}>{label}</span>
      <select
        value={value}
        disabled={disabled}
        onChange={({ target }) => {
          const chosen = orgRoles.find((role) => role === target.value);
          if (chosen !== undefined) onChange(chosen);
        }}
        className="min-h-11 rounded-md border border-edge bg-foam px-3 text-base font-normal"
      >
        {orgRoles
          .filter((role) => role === value || mayGive(role))
          .map((role) => (
            <option key={role} value={role}>
              {roleWords[role].name}
            </option>
          ))}
      </select>
    </label>
  );
}
