/** Answers whole pictures with the models of an edge: one answerer for each model, as long as it is served. */

import { EnvironmentError } from '../../core/errors.ts';
import type { Runtime } from '../../runtime/session.ts';
import type { EdgeModel } from '../edge-model.ts';
import { createPictureAnswerer, type PictureAnswer, type PictureAnswerer } from './picture-answerer.ts';

/** Most pictures that are answered at once; more are refused: frames with deadlines share the machine with them. */
const mostPictures = 16;

/** Answers pictures. */
export interface PictureDesk {
  /** Loads the answerers of the models that answer now, so that the first picture does not wait for it. */
  open(): Promise<void>;
  /**
   * Answers a picture file.
   *
   * @throws {@link ImageError} when it is none of the size that the network reads.
   * @throws {@link EnvironmentError} when too many are being answered.
   */
  infer(model: EdgeModel, file: Uint8Array): Promise<PictureAnswer>;
  close(): Promise<void>;
}

/** Makes a desk; `ready` gives the models that answer. */
export function createPictureDesk(ready: () => readonly EdgeModel[], runtime: Runtime): PictureDesk {
  const answerers = new Map<EdgeModel, Promise<PictureAnswerer>>();
  let answering = 0;

  /** Closes the answerers of models that are served no more. */
  function sweep(): void {
    const served = ready();
    for (const [model, loading] of answerers) {
      if (served.includes(model)) continue;
      answerers.delete(model);
      loading.then((answerer) => answerer.close()).catch(() => undefined);
    }
  }
  function answererOf(model: EdgeModel): Promise<PictureAnswerer> {
    sweep();
    const known = answerers.get(model);
    if (known !== undefined) return known;
    const loading = createPictureAnswerer(model, runtime);
    answerers.set(model, loading);
    // What could not be loaded is tried again.
    loading.catch(() => answerers.delete(model));
    return loading;
  }

  return {
    async open() {
      await Promise.all(ready().map(answererOf));
    },
    async infer(model, file) {
      if (answering >= mostPictures) {
        throw new EnvironmentError(`the edge is overloaded: ${answering} pictures are being answered. Try again later`);
      }
      answering++;
      try {
        return await (await answererOf(model)).infer(file);
      } finally {
        answering--;
      }
    },
    async close() {
      await Promise.allSettled(Array.from(answerers.values(), async (loading) => (await loading).close()));
    },
  };
}
