/** The page: choose a picture and a link, compare, look. */

import { DeadlineError, type DevicePrecision, type Manifest } from 'aecnn/core';
import type { DeviceImage } from 'aecnn/device';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { type BrowserDevice, openBrowserDevice } from './browser-device.ts';
import { ChunkTable } from './chunk-table.tsx';
import { type Sample, type ServedModel, samplePictures, servedManifest, servedModels } from './edge-api.ts';
import { megabytes, messageOf } from './format.ts';
import { History } from './history.tsx';
import { LinkForm, type Settings, startSettings } from './link-form.tsx';
import { type NamedPicture, PictureChooser } from './picture-chooser.tsx';
import { leanPrecision, PrecisionChooser } from './precision-chooser.tsx';
import { type Comparison, compare } from './run.ts';
import { SpentBitsView } from './spent-bits-view.tsx';
import { WayCard } from './way-card.tsx';

/** How far the device is. */
type Readiness =
  | { readonly state: 'loading'; readonly what: string; readonly share: number | undefined }
  | { readonly state: 'ready'; readonly opened: BrowserDevice; readonly loadMs: number }
  | { readonly state: 'failed'; readonly message: string };

/** The whole page. */
export function App() {
  const [models, setModels] = useState<readonly ServedModel[]>([]);
  const [modelId, setModelId] = useState<string>();
  const [precision, setPrecision] = useState<DevicePrecision>();
  /** Of the model, once it is known: also while other weights of it load, and when they fail. */
  const [manifest, setManifest] = useState<Manifest>();
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  const [readiness, setReadiness] = useState<Readiness>({
    state: 'loading',
    what: 'the list of models',
    share: undefined,
  });
  const [settings, setSettings] = useState<Settings>(startSettings);
  const [picture, setPicture] = useState<NamedPicture>();
  const [running, setRunning] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [shown, setShown] = useState<{ readonly comparison: Comparison; readonly picture: NamedPicture }>();
  const [history, setHistory] = useState<readonly Comparison[]>([]);
  const settingsNow = useRef(settings);
  settingsNow.current = settings;

  useEffect(() => {
    samplePictures().then(setSamples, () => undefined);
    servedModels().then(
      (served) => {
        setModels(served);
        const [first] = served;
        if (first === undefined) setReadiness({ state: 'failed', message: 'the edge serves no model' });
        else setModelId(first.modelId);
      },
      (error) => setReadiness({ state: 'failed', message: `no list of models: ${messageOf(error)}` }),
    );
  }, []);

  useEffect(() => {
    if (modelId === undefined) return;
    let isGone = false;
    servedManifest(modelId).then(
      (served) => {
        if (isGone) return;
        setPrecision(leanPrecision(served));
        setManifest(served);
      },
      (error) => {
        if (!isGone) setReadiness({ state: 'failed', message: messageOf(error) });
      },
    );
    return () => {
      isGone = true;
    };
  }, [modelId]);

  useEffect(() => {
    if (manifest === undefined) return;
    let opened: BrowserDevice | undefined;
    const leaving = new AbortController();
    const { signal } = leaving;
    const startMs = performance.now();
    setReadiness({ state: 'loading', what: 'the model', share: 0 });
    openBrowserDevice(
      { modelId: manifest.modelId, precision, signal },
      settingsNow.current.link,
      ({ file, loadedBytes, totalBytes }) => {
        if (signal.aborted) return;
        const size = totalBytes === undefined ? '' : ` of ${megabytes(totalBytes)}`;
        const share = totalBytes === undefined ? undefined : loadedBytes / totalBytes;
        setReadiness({ state: 'loading', what: `${file}, ${megabytes(loadedBytes)}${size}`, share });
      },
    ).then(
      (device) => {
        opened = device;
        if (signal.aborted) return void device.close();
        setReadiness({ state: 'ready', opened: device, loadMs: performance.now() - startMs });
      },
      (error) => {
        if (!signal.aborted) setReadiness({ state: 'failed', message: messageOf(error) });
      },
    );
    return () => {
      leaving.abort();
      void opened?.close();
    };
  }, [manifest, precision]);

  const run = useCallback(
    async (chosen: NamedPicture) => {
      if (readiness.state !== 'ready') return;
      const { opened } = readiness;
      const { link, deadlineMs, jpegQuality } = settingsNow.current;
      setRunning(true);
      setProblem(undefined);
      try {
        opened.link.set(link);
        const image: DeviceImage = typeof chosen.image === 'function' ? chosen.image() : chosen.image;
        const comparison = await compare(opened, image, { deadlineMs, jpegQuality });
        setShown({ comparison, picture: { ...chosen, image } });
        setHistory((before) => [...before, comparison]);
      } catch (error) {
        setProblem(error instanceof DeadlineError ? `${error.message}. Choose a later deadline` : messageOf(error));
      } finally {
        setRunning(false);
      }
    },
    [readiness],
  );

  const isReady = readiness.state === 'ready';
  return (
    <>
      <header>
        <h1>A device in the browser</h1>
        <p>
          The first half of a ResNet-50 runs here, the second half on the edge server that sent this page. A frame of at
          most 1,200 bytes goes between them; beside it the same picture goes as a JPEG. The page slows its own sending
          down to the link that you choose.
        </p>
      </header>

      <section aria-labelledby="device-heading" class="panel status">
        <h2 id="device-heading">Device</h2>
        {models.length > 1 && (
          <label>
            Model{' '}
            <select
              value={modelId}
              onChange={(event) => {
                setManifest(undefined);
                setModelId(event.currentTarget.value);
              }}
            >
              {models.map((model) => (
                <option key={model.modelId} value={model.modelId}>
                  {model.name} ({model.modelId})
                </option>
              ))}
            </select>
          </label>
        )}
        <Status readiness={readiness} precision={precision} />
        {manifest !== undefined && (
          <PrecisionChooser manifest={manifest} precision={precision} onChoose={setPrecision} />
        )}
      </section>

      <PictureChooser samples={samples} onChoose={setPicture} onProblem={setProblem} />
      <LinkForm settings={settings} onChange={(change) => setSettings((before) => ({ ...before, ...change }))} />

      <div class="run">
        <button
          type="button"
          class="primary"
          disabled={!isReady || picture === undefined || running}
          onClick={() => picture !== undefined && void run(picture)}
        >
          {running ? 'Running …' : 'Classify'}
        </button>
        <span role="status" aria-live="polite" data-testid="summary">
          {running ? 'on its way' : shown === undefined ? hint(isReady, picture) : summary(shown.comparison)}
        </span>
      </div>
      {problem !== undefined && (
        <p role="alert" class="problem">
          {problem}
        </p>
      )}

      {shown !== undefined && (
        <>
          <div class="ways">
            <WayCard title="AECNN" way={shown.comparison.aecnn} comparison={shown.comparison} />
            <WayCard
              title="JPEG upload"
              way={shown.comparison.jpeg}
              problem={shown.comparison.jpegProblem}
              comparison={shown.comparison}
            />
          </div>
          <ChunkTable prefixes={shown.comparison.prefixes} deadlineMs={shown.comparison.deadlineMs} />
          <SpentBitsView image={shown.picture.image as DeviceImage} spent={shown.comparison.spent} />
        </>
      )}
      {history.length > 0 && <History runs={history} />}
    </>
  );
}

function Status({
  readiness,
  precision,
}: {
  readonly readiness: Readiness;
  readonly precision: DevicePrecision | undefined;
}) {
  switch (readiness.state) {
    case 'loading':
      return (
        <p>
          <label>
            Fetching {readiness.what}{' '}
            <progress {...(readiness.share === undefined ? {} : { value: readiness.share })} max={1} />
          </label>
        </p>
      );
    case 'failed':
      return (
        <p role="alert" class="problem">
          {readiness.message}
        </p>
      );
    case 'ready': {
      const { model, threads } = readiness.opened;
      const { name, split, classes, files, compactDevices = [] } = model.manifest;
      const graph = compactDevices.find((compact) => compact.precision === precision) ?? files['device.onnx'];
      return (
        <p data-testid="ready">
          {name}, split after {split}, {classes.length} classes: {megabytes(graph.bytes)} of network, ready after{' '}
          {(readiness.loadMs / 1000).toFixed(1)} s, {threads === 1 ? 'one thread' : `${threads} threads`}
        </p>
      );
    }
  }
}

function hint(isReady: boolean, picture: NamedPicture | undefined): string {
  if (!isReady) return '';
  return picture === undefined ? 'choose a picture first' : `ready to classify ${picture.name}`;
}

function summary({ aecnn, jpeg }: Comparison): string {
  const of = (name: string, way: Comparison['jpeg']): string =>
    way === undefined
      ? `${name}: no answer`
      : `${name}: ${way.top[0]?.label ?? 'nothing'} after ${Math.round(way.timeMs.total)} ms, ${way.isInTime ? 'in time' : 'late'}`;
  return `${of('AECNN', aecnn)}; ${of('JPEG', jpeg)}`;
}
