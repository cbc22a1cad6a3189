import type { NatsLink } from './link.js';

/**
 * Messages on a subject, over reconnections and of whatever length; what comes while there is no connection is not seen.
 * `onReady` is called after each subscription. Gives what ends it.
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
        if (error === null) onMessage(message.data);
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
