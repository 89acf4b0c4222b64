/** What the documents show of an experiment. */

/** Tables and plots by what renders them. */
export interface Report {
  /** Tables by the name of their place in a document. */
  readonly tables: Readonly<Record<string, () => string>>;
  /** Plots as SVG, by their path in the repository. */
  plots(): Promise<[path: string, svg: string][]>;
}

/** The report of some results. */
export const reportOf = <Results>(
  tables: Readonly<Record<string, (results: Results) => string>>,
  plots: Readonly<Record<string, (results: Results) => Promise<string>>>,
  results: Results,
): Report => ({
  tables: Object.fromEntries(Object.entries(tables).map(([name, render]) => [name, () => render(results)])),
  plots: () =>
    Promise.all(
      Object.entries(plots).map(async ([name, render]): Promise<[string, string]> => {
        return [`docs/plots/${name}.svg`, `${await render(results)}\n`];
      }),
    ),
});
