import { markdownTable } from 'markdown-table';
import { INPUT_NAMES, inputOption, longFlag } from '../src/inputs/options.ts';

const START = '<!-- inputs: written by `npm run docs` -->';
const END = '<!-- end of inputs -->';

/** The README's table of inputs: the option table in Markdown. */
export function inputTable(): string {
  const rows = INPUT_NAMES.map((name) => {
    const { short, description, shownDefault, configPath } = inputOption(name);
    const flags = [short, longFlag(name)].filter((flag) => flag !== undefined).map((flag) => `\`${flag}\``);
    return [
      `\`${name}\``,
      flags.join(' '),
      configPath ? `\`${configPath.join('.')}\`` : '',
      cell(shownDefault === undefined ? description : `${description} Default: \`${shownDefault}\`.`),
    ];
  });
  return markdownTable([['Input', 'CLI', 'Config file', 'What it does'], ...rows], {
    alignDelimiters: false,
    padding: true,
  });
}

/** The text with its table of inputs replaced. Throws where the two markers are missing. */
export function withInputTable(text: string, table: string): string {
  const start = text.indexOf(START);
  const end = text.indexOf(END);
  if (start < 0 || end < start) throw new Error('README.md has no markers for the table of inputs');
  return `${text.slice(0, start + START.length)}\n\n${table}\n\n${text.slice(end)}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
