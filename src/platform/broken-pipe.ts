/**
 * Lets the program go on where nobody reads any more what it prints (`rollproof check k8s/ | head`): what is left
 * unread is lost, files are still written, and the exit code stays the verdict's. Every other error of these streams
 * ends the process, as it would without this. Nothing takes it back: a stream tells its error when it likes.
 */
export function ignoreBrokenPipes(...streams: readonly NodeJS.WritableStream[]): void {
  for (const stream of streams) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
