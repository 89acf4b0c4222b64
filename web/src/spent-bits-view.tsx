/** What attention and entropy coding found worth sending: bits by place, over the picture, and by channel, as bars. */

import type { DeviceImage } from 'aecnn/device';
import { useEffect, useRef } from 'preact/hooks';
import { paint } from './pixels.ts';
import type { SpentBits } from './run.ts';

const side = 224;
const barWidth = 4;
const barsHeight = 120;

/** The section. */
export function SpentBitsView({ image, spent }: { readonly image: DeviceImage; readonly spent: SpentBits }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (canvas.current !== null) paint(canvas.current, image, side);
  }, [image]);
  const { places, width, channels } = spent;
  const mostAtPlace = Math.max(...places);
  const leastAtPlace = Math.min(...places);
  const spread = Math.max(mostAtPlace - leastAtPlace, 1);
  const mostInChannel = Math.max(...channels, 1);
  const cell = side / width;
  const total = Math.round(places.reduce((sum, bits) => sum + bits, 0));
  return (
    <section class="panel" aria-labelledby="bits-heading">
      <h2 id="bits-heading">What was picked</h2>
      <p class="note">
        The {total.toLocaleString('en')} bits of this frame: where in the picture, and for which of the latent's
        channels, which attention ranked in training, first to last. The reddest place took {Math.round(mostAtPlace)}{' '}
        bits, the clearest {Math.round(leastAtPlace)}.
      </p>
      <div class="bits">
        <div class="heat">
          <canvas ref={canvas} width={side} height={side} role="img" aria-label="The picture as the network sees it" />
          <svg
            viewBox={`0 0 ${side} ${side}`}
            role="img"
            aria-label={`Bits by place, ${Math.round(leastAtPlace)} to ${Math.round(mostAtPlace)}`}
          >
            {places.map((bits, i) => (
              <rect
                key={i}
                x={(i % width) * cell}
                y={Math.floor(i / width) * cell}
                width={cell}
                height={cell}
                fill-opacity={(0.75 * (bits - leastAtPlace)) / spread}
              >
                <title>{`${Math.round(bits)} bits`}</title>
              </rect>
            ))}
          </svg>
        </div>
        <svg
          class="channels"
          viewBox={`0 0 ${channels.length * barWidth} ${barsHeight}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`Bits by channel, most ${Math.round(mostInChannel)}`}
        >
          {channels.map((bits, i) => (
            <rect
              key={i}
              x={i * barWidth}
              y={barsHeight - (barsHeight * bits) / mostInChannel}
              width={barWidth - 1}
              height={(barsHeight * bits) / mostInChannel}
            >
              <title>{`channel ${i + 1}: ${Math.round(bits)} bits`}</title>
            </rect>
          ))}
        </svg>
      </div>
    </section>
  );
}
