// One request after the other without a pause, as in the first experiment: what it sees of an outage is one failure.
import { Agent, get } from 'node:http';

const [, , url = '', seconds = '1', connection = 'new'] = process.argv;
const agent = new Agent({ keepAlive: connection === 'keep-alive', maxSockets: 1 });
const endMs = performance.now() + Number(seconds) * 1000;
let failed = 0;
while (performance.now() < endMs) if (!(await answered())) failed++;
agent.destroy();
console.log(JSON.stringify({ failed, unsent: 0 }));

function answered(): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(url, { agent, timeout: 1_000 }, (response) => {
      response.on('error', () => resolve(false));
      response.on('end', () => resolve(response.statusCode === 200));
      response.resume();
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}
