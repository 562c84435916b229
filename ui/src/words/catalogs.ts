import de from "./de.json";
import en from "./en.json";
import fr from "./fr.json";
import it from "./it.json";

export type Key = keyof typeof en;
export type Catalog = Record<Key, string>;
export type Values = Record<string, string | number>;

export const CATALOGS = { en, fr, de, it } satisfies Record<string, Catalog>;
export type Language = keyof typeof CATALOGS;

export function isLanguage(text: string | null | undefined): text is Language {
  return text != null && Object.hasOwn(CATALOGS, text);
}

/** The first language that the browser wants and we have. */
export function pickLanguage(wanted: readonly string[]): Language {
  return wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage) ?? "en";
}

/** Put `values` into the places of `text` that are written {name}. */
export function fill(text: string, values: Values = {}): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}
