const kept = 'mcp-fleet theme';

export type Theme = 'light' | 'dark';

/** What is shown now: what was chosen on this page, else what the system prefers. */
export function currentTheme(): Theme {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

/** Shows the theme from now on, and after the page is loaded again. */
export function setTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem(kept, theme);
  dispatchEvent(new Event('themechange'));
}

export function restoreTheme(): void {
  const theme = localStorage.getItem(kept);
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
}
