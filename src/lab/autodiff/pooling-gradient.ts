/** Gradients of pooling windows. */

import { tensor } from '../../core/tensor/index.ts';
import {
  constant,
  convTranspose,
  expand,
  mul,
  reshape,
  scalarConstant,
  scatterElements,
  staticShape,
  type Value,
} from '../graph/index.ts';
import { type GradientRule, inputAt } from './gradient-rule.ts';

type Four = readonly [number, number, number, number];

const shape4 = (value: Value): Four => staticShape(value) as unknown as Four;
const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Rule of `MaxPool`: each gradient goes to the (first) position of the maximum, which ONNX Runtime gives as its index. */
export const maxPoolGradient: GradientRule<'MaxPool'> = (node, g) => {
  const x = inputAt(node, 0);
  const indices = node.outputs[1] as Value;
  return [
    () => {
      const zeros = expand(scalarConstant(g.graph, 0), [elements(staticShape(x))]);
      const flat = [elements(staticShape(g))];
      const scattered = scatterElements(zeros, reshape(indices, flat), reshape(g, flat), { axis: 0, reduction: 'add' });
      return reshape(scattered, x.shape);
    },
  ];
};

/** Rule of `AveragePool`: each gradient is spread over its window, as a transposed convolution with ones, a channel at a time. */
export const averagePoolGradient: GradientRule<'AveragePool'> = (node, g) => {
  const x = inputAt(node, 0);
  const { strides, pads, kernel_shape, count_include_pad } = node.attributes;
  return [
    () => {
      const [N, C, H, W] = shape4(x);
      const [, , outH, outW] = shape4(g);
      const [kH, kW] = kernel_shape;
      const inside = (at: number, size: number) => (at >= 0 && at < size ? 1 : 0);
      const covered = (out: number, stride: number, before: number, kernel: number, size: number): number => {
        if (count_include_pad === 1) return kernel;
        return Array.from({ length: kernel }, (_, k) => inside(out * stride - before + k, size)).reduce<number>(
          (a, b) => a + b,
          0,
        );
      };
      const shares = Float32Array.from({ length: outH * outW }, (_, at) => {
        const height = covered(Math.floor(at / outW), strides[0], pads[0], kH, H);
        return 1 / (height * covered(at % outW, strides[1], pads[1], kW, W));
      });
      const shared = mul(g, constant(g.graph, tensor('float32', [1, 1, outH, outW], shares)));
      const ones = constant(g.graph, tensor('float32', [1, 1, kH, kW], new Float32Array(kH * kW).fill(1)));
      const output_padding = [
        H + pads[0] + pads[2] - kH - (outH - 1) * strides[0],
        W + pads[1] + pads[3] - kW - (outW - 1) * strides[1],
      ] as const;
      const channels = reshape(shared, [N * C, 1, outH, outW]);
      return reshape(convTranspose(channels, ones, undefined, { strides, pads, output_padding }), x.shape);
    },
  ];
};
