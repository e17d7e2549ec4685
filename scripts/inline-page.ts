// Bundles what the HTML report carries (uPlot, its styles and ours, the script that draws) into
// src/report/page-inline.json, a module that Node, Vitest and esbuild all import the same way.
import { writeFile } from 'node:fs/promises';
import { build } from 'esbuild';

const TARGET = 'src/report/page-inline.json';

/** Text of the file as it has to be. */
export async function inlinedPage(): Promise<string> {
  const [script, style] = await Promise.all([
    bundled('src/report/page/scatter.js', { format: 'iife' }),
    bundled('src/report/page/page.css', {}, "@import 'uplot/dist/uPlot.min.css';"),
  ]);
  return `${JSON.stringify({ script, style }, null, 2)}\n`;
}

async function bundled(
  path: string,
  options: { readonly format?: 'iife' },
  before?: string,
): Promise<string> {
  const result = await build({
    ...options,
    ...(before === undefined
      ? { entryPoints: [path] }
      : { stdin: { contents: `${before}\n@import './${path}';`, loader: 'css', resolveDir: '.' } }),
    bundle: true,
    minify: true,
    write: false,
    charset: 'ascii',
    target: ['es2022', 'safari16', 'firefox115'],
    legalComments: 'inline',
  });
  return (result.outputFiles[0]?.text ?? '').trim();
}

if (import.meta.main) await writeFile(TARGET, await inlinedPage());
