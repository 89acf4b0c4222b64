/** Where pictures come from: samples, a file, the camera. */

import type { DeviceImage } from 'aecnn/device';
import { decodeBrowserPicture, inputFromVideo } from 'aecnn/device/web';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Sample, sampleFile } from './edge-api.ts';
import { messageOf } from './format.ts';

/** A picture, or the camera, which gives one whenever it is asked. */
export interface NamedPicture {
  /** To be read. */
  readonly name: string;
  readonly image: DeviceImage | (() => DeviceImage);
}

/** The section. While a picture is fetched and decoded, none is chosen. */
export function PictureChooser({
  samples,
  onChoose,
  onProblem,
}: {
  readonly samples: readonly Sample[];
  readonly onChoose: (picture: NamedPicture | undefined) => void;
  readonly onProblem: (message: string | undefined) => void;
}) {
  const [camera, setCamera] = useState<MediaStream>();
  /** Of the sample that is chosen or on its way. */
  const [sampleUrl, setSampleUrl] = useState<string>();
  const video = useRef<HTMLVideoElement>(null);
  const choices = useRef(0);

  useEffect(() => {
    if (video.current !== null && camera !== undefined) video.current.srcObject = camera;
    return () => {
      if (camera !== undefined) stop(camera);
    };
  }, [camera]);

  /** Drops the choice before. The result tells whether this one is still the newest: a slow one must not replace a later one. */
  function beginChoice(url?: string): () => boolean {
    choices.current++;
    const choice = choices.current;
    setSampleUrl(url);
    setCamera(undefined);
    onChoose(undefined);
    onProblem(undefined);
    return () => choice === choices.current;
  }

  async function choose(name: string, file: () => Promise<Blob>, url?: string): Promise<void> {
    const isNewest = beginChoice(url);
    try {
      const image = await decodeBrowserPicture(await file());
      if (isNewest()) onChoose({ name, image });
    } catch (error) {
      if (!isNewest()) return;
      setSampleUrl(undefined);
      onProblem(`${name}: ${messageOf(error)}`);
    }
  }

  async function openCamera(): Promise<void> {
    const isNewest = beginChoice();
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
      if (!isNewest()) return stop(stream);
      setCamera(stream);
      onChoose({ name: 'the camera', image: () => pictureOf(video.current) });
    } catch (error) {
      if (isNewest()) onProblem(`no camera (${messageOf(error)}): it needs a secure page, and your leave`);
    }
  }

  return (
    <section aria-labelledby="picture-heading" class="panel">
      <h2 id="picture-heading">Picture</h2>
      {samples.length > 0 && (
        <fieldset class="samples">
          <legend>Samples</legend>
          {named(samples).map(({ name, url }) => (
            <label key={url}>
              <input
                type="radio"
                name="sample"
                checked={sampleUrl === url}
                onChange={() => void choose(name, () => sampleFile(url), url)}
              />
              <img src={url} alt={name} loading="lazy" width={72} height={72} />
            </label>
          ))}
        </fieldset>
      )}
      <div class="row">
        <label>
          A file{' '}
          <input
            type="file"
            accept="image/*"
            onChange={(event) => {
              const file = event.currentTarget.files?.[0];
              if (file !== undefined) void choose(file.name, async () => file);
            }}
          />
        </label>
        {camera === undefined && 'mediaDevices' in navigator && (
          <button type="button" onClick={() => void openCamera()}>
            Camera
          </button>
        )}
      </div>
      {camera !== undefined && <video ref={video} autoPlay muted playsInline aria-label="What the camera sees" />}
    </section>
  );
}

/** Samples with names to read, numbered where several have the same label. */
function named(samples: readonly Sample[]): { readonly name: string; readonly url: string }[] {
  return samples.map((sample) => {
    const name = sample.label.replaceAll('_', ' ');
    const alike = samples.filter(({ label }) => label === sample.label);
    return { name: alike.length === 1 ? name : `${name}, ${alike.indexOf(sample) + 1}`, url: sample.url };
  });
}

function pictureOf(video: HTMLVideoElement | null): DeviceImage {
  // The size may be known before the first frame is, which would be drawn as a black picture.
  if (video === null || video.readyState < video.HAVE_CURRENT_DATA) {
    throw new Error('the camera shows nothing yet: classify again once you see its picture');
  }
  return inputFromVideo(video);
}

function stop(camera: MediaStream): void {
  for (const track of camera.getTracks()) track.stop();
}
