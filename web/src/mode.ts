/** Demo: development tokens and virtual phones. The gateway writes it into the page. */
export const isDemo = document.documentElement.dataset['mode'] === 'demo';
