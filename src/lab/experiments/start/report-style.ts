/** The style sheet of the report. */

/** CSS, light and dark by the reader's preference. */
export const reportStyle = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1d2329; --dim: #5d6873; --line: #dfe4e8; --panel: #f5f7f8; --good: #0b7a5a; --bad: #c03b2b; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181c; --ink: #e6eaed; --dim: #9aa6b1; --line: #2d353c; --panel: #1c2227; --good: #3fc796; --bad: #f0796a; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 920px; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2.6rem 0 .8rem; }
.lead { color: var(--dim); margin: 0 0 1.6rem; }
.note { color: var(--dim); font-size: .9rem; }
small { color: var(--dim); font-weight: 400; }
code { font-size: .92em; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: .8rem; }
.facts div { background: var(--panel); border-radius: 10px; padding: .9rem 1rem; }
.facts b { display: block; font-size: 1.5rem; }
.facts span { color: var(--dim); font-size: .85rem; line-height: 1.35; display: block; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .5rem .55rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child { text-align: left; }
thead th { color: var(--dim); font-size: .8rem; font-weight: 500; vertical-align: bottom; white-space: normal; line-height: 1.25; }
tbody th { font-weight: 600; }
.provenance { font-size: .88rem; margin-top: 1.4rem; }
.provenance th { color: var(--dim); font-weight: 500; width: 9rem; }
.provenance td { text-align: left; white-space: normal; overflow-wrap: anywhere; }
.dot { display: inline-block; width: .7em; height: .7em; border-radius: 50%; margin-right: .45em; }
figure { margin: 0; overflow-x: auto; }
figure svg { max-width: 100%; height: auto; display: block; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(132px, 1fr)); gap: .8rem; }
.card { background: var(--panel); border-radius: 10px; padding: .6rem; display: flex; flex-direction: column; align-items: flex-start; font-size: .85rem; line-height: 1.3; }
.card img { width: 100%; height: auto; border-radius: 6px; margin-bottom: .4rem; }
.card small { font-size: .75rem; }
.right { color: var(--good); }
.wrong { color: var(--bad); }
.verdicts { margin-top: auto; font-weight: 700; letter-spacing: .25em; }
ul { padding-left: 1.2rem; }
li { margin: .4rem 0; }
@media print { .card { break-inside: avoid; } }
`;
