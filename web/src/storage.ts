/** One text the browser keeps; where storage is switched off, it lives as long as the page. */
export interface StoredText {
  read(): string | null;
  write(text: string | null): void;
}

/** @param storage `local`: for all tabs and for good. `tab`: for this tab, across reloads. */
export function textInStorage(key: string, storage: 'local' | 'tab' = 'local'): StoredText {
  let fallback: string | null = null;
  return {
    read() {
      try {
        return (storage === 'local' ? localStorage : sessionStorage).getItem(key);
      } catch {
        return fallback;
      }
    },
    write(text) {
      fallback = text;
      try {
        const area = storage === 'local' ? localStorage : sessionStorage;
        if (text === null) area.removeItem(key);
        else area.setItem(key, text);
      } catch {
        // Storage is off or full: the page goes on without.
      }
    },
  };
}
