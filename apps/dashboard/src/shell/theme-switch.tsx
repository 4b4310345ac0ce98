/** System, light or dark; kept on this device. */
import { Monitor, Moon, Sun } from 'lucide-react';
import { useState } from 'react';
import { applyTheme, readTheme, type Theme, themes } from '../ui/theme.ts';

const looks = {
  system: { label: 'System', Icon: Monitor },
  light: { label: 'Light', Icon: Sun },
  dark: { label: 'Dark', Icon: Moon },
} as const;

export function ThemeSwitch({ name }: { name: string }) {
  const [theme, setTheme] = useState<Theme>(readTheme);
  return (
    <fieldset className="flex gap-0.5 rounded-md bg-well p-0.5">
      <legend className="sr-only">Colour theme</legend>
      {themes.map((option) => {
        const { label, Icon } = looks[option];
        return (
          <label
            key={option}
            className="flex min-h-8 flex-1 cursor-pointer items-center justify-center gap-1.5 rounded-sm px-2 text-xs font-medium text-soft has-checked:bg-foam has-checked:text-ink has-checked:outline has-checked:outline-edge/50 has-focus-visible:outline-2 has-focus-visible:outline-tide"
          >
            <input
              type="radio"
              name={name}
              value={option}
              checked={theme === option}
              onChange={() => {
                setTheme(option);
                applyTheme(option);
              }}
              className="sr-only"
            />
            <Icon size={14} aria-hidden />
            {label}
          </label>
        );
      })}
    </fieldset>
  );
}
