/** What is measured: links, how often the device is asked and by when it must answer, and what goes wrong in the middle. */

/** Something that happens in the middle of a series. */
export type Incident =
  | { readonly kind: 'cut'; readonly forMs: number }
  /** `kill -9`, and a new edge on the same port after a pause and however long it takes to load. */
  | { readonly kind: 'edge-restart'; readonly pauseMs: number };

/** One series of requests over one link. */
export interface LinkScenario {
  readonly name: string;
  /** As `parseLinkSpec` reads it. */
  readonly link: string;
  /** From the picture to the answer. */
  readonly deadlineMs: number;
  readonly requests: number;
  /** Mean of the exponential gaps between requests: some begin before the one before is answered. */
  readonly meanGapMs: number;
  /** Of the gaps and the order of the pictures. */
  readonly seed: number;
  readonly incident?: Incident;
}

const asked = { deadlineMs: 500, requests: 100, meanGapMs: 400, seed: 0 } as const;
/** Denser, so that a return is noticed soon. */
const askedOften = { ...asked, meanGapMs: 300 } as const;

/** In the order in which they are measured. */
export const linkScenarios: readonly LinkScenario[] = [
  { ...asked, name: 'one-megabit', link: 'fixed:1mbit,rtt=40ms' },
  { ...asked, name: 'quarter-megabit', link: 'fixed:250kbit,rtt=40ms' },
  { ...asked, name: 'narrow', link: 'fixed:48kbit,rtt=40ms' },
  { ...asked, name: 'bursty', link: 'bursty:1mbit,loss=2%,burst=3,rtt=40ms' },
  { ...askedOften, name: 'cut', link: 'fixed:1mbit,rtt=40ms', incident: { kind: 'cut', forMs: 2000 } },
  {
    ...askedOften,
    name: 'edge-restart',
    link: 'fixed:1mbit,rtt=40ms',
    incident: { kind: 'edge-restart', pauseMs: 1000 },
  },
];
