import { effect, signal } from '@preact/signals';
import { textInStorage } from './storage.js';

type Theme = 'system' | 'light' | 'dark';

const THEMES: readonly Theme[] = ['system', 'light', 'dark'];
const LABELS: Record<Theme, string> = { system: 'System', light: 'Light', dark: 'Dark' };

const stored = textInStorage('ringway.theme');
const theme = signal<Theme>(THEMES.find((known) => known === stored.read()) ?? 'system');

effect(() => {
  const { dataset } = document.documentElement;
  if (theme.value === 'system') delete dataset['theme'];
  else dataset['theme'] = theme.value;
  stored.write(theme.value);
});

/** Light, dark, or what the system says. */
export function ThemeChoice() {
  return (
    <label class="theme-choice">
      <span>Theme</span>
      <select
        value={theme.value}
        onChange={({ currentTarget }) => (theme.value = currentTarget.value as Theme)}
      >
        {THEMES.map((name) => (
          <option key={name} value={name}>
            {LABELS[name]}
          </option>
        ))}
      </select>
    </label>
  );
}
