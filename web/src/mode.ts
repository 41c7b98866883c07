/** Demo: development tokens and virtual phones. The gateway writes it into the page. */
export const IS_DEMO = document.documentElement.dataset['mode'] === 'demo';
