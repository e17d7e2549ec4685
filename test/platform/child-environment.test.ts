import { describe, expect, it } from 'vitest';
import { childEnvironment } from '../../src/platform/process.ts';

describe('the environment of a program that we start', () => {
  it('holds nothing of a workflow run: no token, no input, no file of the runner', () => {
    const own = {
      GITHUB_TOKEN: 'x',
      'INPUT_GITHUB-TOKEN': 'x',
      INPUT_MANIFESTS: 'x',
      ACTIONS_RUNTIME_TOKEN: 'x',
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'x',
      ACTIONS_ID_TOKEN_REQUEST_URL: 'x',
      GITHUB_OUTPUT: 'x',
      GITHUB_ENV: 'x',
      GITHUB_PATH: 'x',
      AWS_SECRET_ACCESS_KEY: 'x',
      NODE_OPTIONS: 'x',
      LD_PRELOAD: 'x',
    };
    expect(childEnvironment(own)).toEqual({});
  });

  it('holds what kind and Docker need to find each other', () => {
    const own = {
      PATH: '/bin',
      HOME: '/root',
      DOCKER_HOST: 'unix:///run/docker.sock',
      HTTPS_PROXY: 'http://proxy',
    };
    expect(childEnvironment(own, { KUBECONFIG: '/k' })).toEqual({ ...own, KUBECONFIG: '/k' });
  });
});
