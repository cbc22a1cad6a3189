export interface SignalHandlers {
  readonly stop: (signal: string) => void;
  readonly reload: () => void;
}

/** From now on to the end of the process. */
export const onSignals = ({ stop, reload }: SignalHandlers): void => {
  process.on('SIGTERM', stop).on('SIGINT', stop).on('SIGHUP', reload);
};
