import type { NatsLink } from './link.js';

/** What is longer than this is not handed on. */
const MAX_BYTES = 64 * 1024;

/**
 * Messages on a subject, over reconnections; what comes while there is no connection is not seen. `onReady` is called
 * after each subscription. Gives what ends it.
 */
export function subscribe(
  link: NatsLink,
  subject: string,
  onMessage: (data: Uint8Array) => void,
  onReady: () => void = () => undefined,
): () => void {
  let unsubscribe: () => void = () => undefined;
  const end = link.onConnection((connection) => {
    const subscription = connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null && message.data.length <= MAX_BYTES) onMessage(message.data);
      },
    });
    unsubscribe = () => {
      if (!connection.isClosed()) subscription.unsubscribe();
    };
    onReady();
  });
  return () => {
    end();
    unsubscribe();
  };
}
