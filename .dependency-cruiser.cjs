/**
 * The layers (who may import whom), as rules. Held by `npm run check`; `test/layers.test.ts` plants a
 * violation of each rule and expects it to be found.
 *
 * The twist: the table is by folder, so a folder that is not in it may not be imported at all: a new one needs a row.
 */

const core = ['core'];
const everything = ['core', 'runtime', 'device', 'edge', 'lab', 'cli'];

/** Folder below src/ -> folders (whole subtrees) that it may import besides itself. */
const mayImport = {
  'core/tensor': ['core/errors.ts'],
  'core/image': ['core/errors.ts', 'core/tensor'],
  'core/codec': ['core/errors.ts', 'core/tensor'],
  'core/wire': ['core/errors.ts', 'core/tensor', 'core/codec'],
  'core/link': ['core/errors.ts', 'core/tensor'],
  'core/model': ['core/errors.ts', 'core/tensor', 'core/codec'],
  'core/index.ts': core,
  'core/errors.ts': [],
  'core/clock.ts': [],
  runtime: core,
  device: [...core, 'runtime/session.ts'],
  edge: [...core, 'runtime'],
  'lab/files': core,
  'lab/graph': core,
  'lab/weights': [...core, 'lab/files'],
  'lab/autodiff': [...core, 'lab/graph'],
  'lab/networks': [...core, 'lab/graph'],
  'lab/datasets': [...core, 'runtime', 'lab/files'],
  'lab/evaluation': [...core, 'runtime'],
  'lab/build': [...core, 'lab/graph', 'lab/networks', 'lab/weights', 'lab/files'],
  'lab/training': [
    ...core,
    'runtime',
    ...['graph', 'autodiff', 'weights', 'networks', 'datasets', 'build', 'evaluation', 'files'].map((n) => `lab/${n}`),
  ],
  'lab/experiments': everything,
  cli: everything,
};

/** Files besides index.ts through which another folder may import. */
const declaredEntries = [
  '^src/core/(errors|clock)\\.ts$',
  '^src/runtime/(node|web|session|picture)\\.ts$',
  '^src/device/web/',
  '^src/device/transport/node\\.ts$',
  // What the benchmarks' own processes start with.
  '^src/lab/experiments/process-(child|parent)\\.ts$',
  '^src/cli/run-command\\.ts$',
];

/** What a browser loads: no Node, and only these packages. */
const browserSafe = ['^src/(core|device)/', '^src/runtime/(session|web)\\.ts$'];
const notForBrowsers = ['^src/device/transport/node', '\\.test\\.ts$'];
const browserPackages = ['zod', 'pure-rand', 'fflate', 'onnxruntime-web'];

const tests = '\\.test\\.ts$';
const escaped = (path) => path.replaceAll('.', '\\.');
const below = (folder) => (folder.endsWith('.ts') ? `^src/${escaped(folder)}$` : `^src/${folder}/`);

const layerRules = Object.entries(mayImport).map(([folder, allowed]) => ({
  name: `layer: ${folder}`,
  comment: `src/${folder} may import ${allowed.join(', ') || 'nothing'}, see the table in .dependency-cruiser.cjs`,
  severity: 'error',
  from: { path: below(folder), pathNot: tests },
  to: { path: '^src/', pathNot: [folder, ...allowed].map(below) },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...layerRules,
    {
      name: 'listed-folders',
      comment: 'A folder of src/ needs a row in the table in .dependency-cruiser.cjs before anyone imports it.',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: Object.keys(mayImport).map(below) },
    },
    {
      name: 'no-cycles',
      comment: 'Type-only cycles count too: a reader cannot start anywhere in them.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'through-the-entry',
      comment: 'Between folders only through index.ts or a declared entry.',
      severity: 'error',
      from: { path: '^(src/(?:core|lab)/[^/]+|src/[^/]+)/', pathNot: tests },
      to: { path: '^src/', pathNot: ['^$1/', '/index\\.ts$', ...declaredEntries] },
    },
    {
      name: 'core-door-through-the-entries',
      comment: 'src/core/index.ts re-exports what its folders export.',
      severity: 'error',
      from: { path: '^src/core/index\\.ts$' },
      to: { path: '^src/core/', pathNot: ['/index\\.ts$', ...declaredEntries] },
    },
    {
      name: 'outside-through-the-entry',
      comment: 'Benchmarks, examples and scripts use the folders as anyone else does.',
      severity: 'error',
      from: { path: '^(bench|examples|scripts)/' },
      to: { path: '^src/', pathNot: ['/index\\.ts$', ...declaredEntries] },
    },
    {
      name: 'onnxruntime-door',
      comment:
        'Take a Runtime as a parameter; only src/runtime/node.ts, its workers and src/runtime/web.ts know ONNX Runtime.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/runtime/(node|ort|web)[^/]*$' },
      to: { path: 'onnxruntime-(node|web)' },
    },
    {
      name: 'sharp-door',
      comment: 'Pictures are decoded in src/runtime/picture.ts alone.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/runtime/picture[^/]*$' },
      to: { path: '(^|node_modules/)sharp(/|$)' },
    },
    {
      name: 'no-node-in-browsers',
      comment: 'What a browser loads imports nothing of Node.',
      severity: 'error',
      from: { path: browserSafe, pathNot: notForBrowsers },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'browser-packages',
      comment: 'A package that a browser loads is a decision: list it in .dependency-cruiser.cjs.',
      severity: 'error',
      from: { path: browserSafe, pathNot: notForBrowsers },
      to: { path: 'node_modules/', pathNot: browserPackages.map((name) => `node_modules/${name}/`) },
    },
    {
      name: 'no-tests-in-sources',
      comment: 'Sources are published, tests are not.',
      severity: 'error',
      from: { path: '^src/', pathNot: tests },
      to: { path: [tests, '^(test|bench|examples|scripts)/'] },
    },
    {
      name: 'no-development-packages-in-sources',
      comment:
        'A package that src/ imports belongs to "dependencies" (or is an optional peer: onnxruntime-node, onnxruntime-web, sharp).',
      severity: 'error',
      from: { path: '^src/', pathNot: tests },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm-peer', 'npm', 'type-only'],
        pathNot: ['node_modules/(onnxruntime-node|onnxruntime-web|onnxruntime-common|sharp|@types)/'],
      },
    },
    {
      name: 'resolvable',
      comment:
        'An import that leads nowhere hides everything behind it from these rules. The launcher, and whatever uses ' +
        'the package by its name, import dist/, which a clean clone does not have yet.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: ['^\\.\\./dist/cli/main\\.js$', '^aecnn/'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|out)/' },
    // Sees type-only imports, which the compiler removes.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
