/** Markdown tables and numbers as the documents print them. */

/** A table; its first column is aligned left, the others right. */
export const markdownTable = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** A share from 0 to 1 as per cent. */
export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;

/** A whole number with commas. */
export const thousands = (value: number): string => Math.round(value).toLocaleString('en-US');

/** A share as points of a percentage, two digits; nothing is ever printed as minus zero. */
export const points = (share: number): string => (100 * share).toFixed(2).replace(/^-(0\.00)$/, '$1');

/** `a`, `a and b`, `a, b and c`. */
export const listed = (words: readonly string[]): string =>
  words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
