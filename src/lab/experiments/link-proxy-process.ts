/** Entry of a process that is a link and nothing else, so that no computation delays its bytes. */

import { createLinkProxy, type LinkCount, type LinkProxy, type LinkProxyOptions } from './link-proxy.ts';
import { serveParent } from './process-child.ts';

let proxy: LinkProxy | undefined;

const handlers = {
  async open(options: LinkProxyOptions): Promise<{ readonly ports: readonly number[] }> {
    proxy = await createLinkProxy(options);
    return { ports: proxy.ports };
  },
  async count(_: null): Promise<LinkCount> {
    return proxy?.count() ?? { upBytes: 0, downBytes: 0 };
  },
};

/** What the process can be asked. */
export type LinkProxyHandlers = typeof handlers;

serveParent(handlers, async () => proxy?.close());
