/**
 * Every error that this project throws on purpose.
 *
 * A message says what was expected, what came, where, and the remedy: the command line prints it as it is, without a
 * stack. Mistakes of a caller in TypeScript are `TypeError` or `RangeError` naming the argument, and not in this file.
 */

/** Stable machine-readable names of the error kinds. */
export type AecnnErrorCode =
  | 'SHAPE'
  | 'GRAPH'
  | 'UNSUPPORTED_OP'
  | 'CODEC'
  | 'WIRE_FORMAT'
  | 'MODEL'
  | 'DATASET'
  | 'IMAGE'
  | 'TRAINING'
  | 'TRANSPORT'
  | 'DEADLINE'
  | 'ENVIRONMENT'
  | 'USAGE';

/** Base of all errors of this project; `code` tells the kind without `instanceof`. */
export class AecnnError extends Error {
  readonly code: AecnnErrorCode;

  constructor(code: AecnnErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}

/** Shapes of tensors or graph values do not fit together. */
export class ShapeError extends AecnnError {
  constructor(message: string, options?: ErrorOptions) {
    super('SHAPE', message, options);
  }
}

/** A graph is malformed: a value of another graph, a duplicate name, a missing output. */
export class GraphError extends AecnnError {
  constructor(message: string, options?: ErrorOptions) {
    super('GRAPH', message, options);
  }
}

/** An op cannot be differentiated or run; the message gives the written reason. */
export class UnsupportedOpError extends AecnnError {
  constructor(message: string, options?: ErrorOptions) {
    super('UNSUPPORTED_OP', message, options);
  }
}

/** Symbols outside the alphabet, tables that are no probability tables. */
export class CodecError extends AecnnError {
  constructor(message: string, options?: ErrorOptions) {
    super('CODEC', message, options);
  }
}

/** Where a frame or message stopped making sense. */
export interface WireFormatErrorDetails {
  /** Byte offset in the frame or message at which parsing failed. */
  readonly byteOffset: number;
  readonly expected: string;
  readonly got: string;
}

/** Bytes that are not a valid frame or message. Malformed bytes raise this error and no other. */
export class WireFormatError extends AecnnError {
  readonly details: WireFormatErrorDetails;

  constructor(message: string, details: WireFormatErrorDetails, options?: ErrorOptions) {
    super(
      'WIRE_FORMAT',
      `${message} (at byte ${details.byteOffset}: expected ${details.expected}, got ${details.got})`,
      options,
    );
    this.details = details;
  }
}

/** A split model on disk is missing, damaged, of another format version, or not the one asked for. */
export class ModelError extends AecnnError {
  constructor(message: string, options?: ErrorOptions) {
    super('MODEL', message, options);
  }
}

/** A data set folder is not laid out as expected. */
export class DatasetError extends AecnnError {
  constructor(message: string, options?: ErrorOptions) {
    super('DATASET', message, options);
  }
}

/** A picture cannot be decoded. */
export class ImageError extends AecnnError {
  constructor(message: string, options?: ErrorOptions) {
    super('IMAGE', message, options);
  }
}

/** A training went astray: its loss is no number any more. */
export class TrainingError extends AecnnError {
  constructor(message: string, options?: ErrorOptions) {
    super('TRAINING', message, options);
  }
}

/** The edge cannot be reached, or the connection broke. */
export class TransportError extends AecnnError {
  constructor(message: string, options?: ErrorOptions) {
    super('TRANSPORT', message, options);
  }
}

/** A deadline that cannot be met, refused at once. */
export class DeadlineError extends AecnnError {
  constructor(message: string, options?: ErrorOptions) {
    super('DEADLINE', message, options);
  }
}

/** Disk, network, port or a missing optional package: something of the machine, not of the input. */
export class EnvironmentError extends AecnnError {
  constructor(message: string, options?: ErrorOptions) {
    super('ENVIRONMENT', message, options);
  }
}

/** A command line that cannot be understood. */
export class UsageError extends AecnnError {
  constructor(message: string, options?: ErrorOptions) {
    super('USAGE', message, options);
  }
}
