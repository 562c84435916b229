import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { CATALOGS, fill, isLanguage, type Key, type Language, pickLanguage, type Values } from "./catalogs";

const REMEMBERED = "ostler-language";

export interface Words {
  language: Language;
  setLanguage: (language: Language) => void;
  /** The sentence of `key`, with `values` put into its places. */
  t: (key: Key, values?: Values) => string;
  /** The word for one of a closed list, e.g. `status` and `Charging`; an unknown one is shown as it is. */
  of: (list: "status" | "why" | "result" | "outcome", word: string, values?: Values) => string;
}

const Context = createContext<Words | null>(null);

export function useWords(): Words {
  const words = useContext(Context);
  if (!words) throw new Error("WordsProvider is missing.");
  return words;
}

export function WordsProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(() => {
    const remembered = localStorage.getItem(REMEMBERED);
    return isLanguage(remembered) ? remembered : pickLanguage(navigator.languages);
  });
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const words = useMemo<Words>(() => {
    const catalog: Record<string, string> = CATALOGS[language];
    return {
      language,
      setLanguage: (chosen) => {
        localStorage.setItem(REMEMBERED, chosen);
        setLanguage(chosen);
      },
      t: (key, values) => fill(catalog[key] ?? key, values),
      of: (list, word, values) => fill(catalog[`${list}.${word}`] ?? word, values),
    };
  }, [language]);
  return <Context value={words}>{children}</Context>;
}
