import { signal } from '@preact/signals';

/** What goes on at this tab's phone while another page is open. */
export const currentCall = signal<{ text: string; rings: boolean } | null>(null);
