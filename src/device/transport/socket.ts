/** A WebSocket, reduced to what a transport needs. Implementations are injected: `node.ts` has one over ws. */

/** What a socket tells its connection. Nothing comes before `openSocket` has returned. */
export interface SocketEvents {
  /** @param handshakeMs - From the request to open the WebSocket to the edge's reply: there and back once. */
  onOpen(handshakeMs: number): void;
  onText(text: string): void;
  onBinary(bytes: Uint8Array): void;
  /** Comes exactly once, after a failure to connect too. */
  onClose(reason: string): void;
}

/** One WebSocket. */
export interface Socket {
  /** Sends binary messages in their order, in one write where it can, so that they share packets. */
  send(messages: readonly Uint8Array[]): void;
  /** Closes the connection, also one that is still being made, and lets the edge know. */
  close(): void;
  /** Cuts the connection without a word: for one whose other end does not listen any more. */
  terminate(): void;
}

/** Opens a WebSocket. */
export type OpenSocket = (url: string, events: SocketEvents) => Socket;
