import { describe, expect, test } from "vitest";
import { CATALOGS, fill, pickLanguage } from "./catalogs";

const places = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

describe.each(Object.entries(CATALOGS))("the catalog %s", (_language, catalog) => {
  test("has every word of the English one, and no other", () => {
    expect(Object.keys(catalog)).toEqual(Object.keys(CATALOGS.en));
  });

  test("has no empty word", () => {
    expect(Object.entries(catalog).filter(([, text]) => !text.trim())).toEqual([]);
  });

  test("leaves the same places to be filled", () => {
    const wanted = Object.entries(CATALOGS.en).map(([key, text]) => [key, places(text)]);

    expect(Object.entries(catalog).map(([key, text]) => [key, places(text)])).toEqual(wanted);
  });
});

test("every word stands on some page", () => {
  const sources = Object.values(
    import.meta.glob<string>("../**/*.tsx", { query: "?raw", import: "default", eager: true }),
  ).join("\n");
  const ofLists = /^(status|why|result|outcome)\./;

  expect(
    Object.keys(CATALOGS.en).filter((key) => !ofLists.test(key) && !sources.includes(`"${key}"`)),
  ).toEqual(["language"]);
});

test("the browser's first language that we have is taken", () => {
  expect(pickLanguage(["rm-CH", "it-CH", "de"])).toBe("it");
});

test("English is spoken when we have none of the browser's languages", () => {
  expect(pickLanguage(["ja"])).toBe("en");
});

test("a value that is not given leaves its place visible", () => {
  expect(fill("{a} of {b}", { a: 1 })).toBe("1 of {b}");
});
