import { BadInputError } from '../../model/problem.ts';

/** What decides about the node image, all of it known before anything is created. */
export interface NodeImageFacts {
  /** `node-image` input. */
  readonly image?: string;
  /** `kubernetes-version` input: `1.34`, `1.34.3`, with or without `v`. */
  readonly kubernetesVersion?: string;
  readonly kindVersion: string;
  readonly cgroupVersion: 1 | 2;
  /** Tags of kindest/node that Docker holds. */
  readonly localTags: readonly string[];
  /** Whether Docker holds the image that kind would take by itself, where we know which that is. */
  readonly hasKindDefault: boolean;
}

export interface NodeImageChoice {
  /** Absent: kind's own default. */
  readonly image?: string;
  /** Kubernetes version as far as the image's name tells. */
  readonly version?: string;
  /** For the log: `kindest/node:v1.34.3 (the newest one Docker has)`. */
  readonly text: string;
}

/** From this minor version on the kubelet refuses to run under cgroup v1. */
const FIRST_WITHOUT_CGROUP_V1: Version = [1, 35, 0];

/**
 * Images published with a kind release, newest first; kind's own default is the first. Only the digest says that an
 * image was built for that kind. Source: the release notes of kind 0.33.0.
 */
const PUBLISHED: Readonly<Record<string, readonly string[]>> = {
  '0.33.0': [
    'kindest/node:v1.37.0@sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5',
    'kindest/node:v1.36.4@sha256:099e049362a1526b2db71494e1947aae99bd16290d7c895f2b7ea312e3cbfaed',
    'kindest/node:v1.35.8@sha256:07b2536e30b803ed61d1677a79df6115f798ce64c80f9e22f6ed45afd09323c0',
    'kindest/node:v1.34.11@sha256:44e222ee2132dab25ff87301682f89eb82c7880ea3a1bf543bfe9708fd08d67d',
  ],
};

/** The image kind takes by itself, where we know it. */
export function kindDefaultImage(kindVersion: string): string | undefined {
  return PUBLISHED[kindVersion]?.[0];
}

/**
 * Chooses the node image: the one asked for; else one of the Kubernetes version asked for; else what is there without
 * a download; else kind's default. Throws BadInputError where the version asked for is none, or cannot run here.
 */
export function chooseNodeImage(facts: NodeImageFacts): NodeImageChoice {
  const choice = choose(facts);
  const version = parseVersion(choice.version ?? '');
  if (facts.cgroupVersion === 1 && version && compare(version, FIRST_WITHOUT_CGROUP_V1) >= 0) {
    throw new BadInputError([
      {
        code: 'RP1803',
        what: `Kubernetes ${choice.version} does not run on this machine.`,
        ...(facts.image
          ? { where: 'node-image' }
          : facts.kubernetesVersion
            ? { where: 'kubernetes-version' }
            : {}),
        why: 'The machine uses cgroup v1, which the kubelet refuses from Kubernetes 1.35 on.',
        remedy: 'Ask for `kubernetes-version: 1.34`, or run on a machine with cgroup v2.',
      },
    ]);
  }
  return choice;
}

function choose(facts: NodeImageFacts): NodeImageChoice {
  if (facts.image !== undefined) return named(facts.image, 'as asked for');
  if (facts.kubernetesVersion !== undefined) return forVersion(facts.kubernetesVersion, facts);
  const runnable = (tag: string) => {
    const version = parseVersion(tag);
    return version && (facts.cgroupVersion === 2 || compare(version, FIRST_WITHOUT_CGROUP_V1) < 0);
  };
  const kindDefault = kindDefaultImage(facts.kindVersion);
  if (kindDefault && facts.hasKindDefault && runnable(tagOf(kindDefault)))
    return { text: `${kindDefault} (kind's default)`, version: tagOf(kindDefault) };
  const local = newest(facts.localTags.filter(runnable));
  if (local) return named(`kindest/node:${local}`, 'the newest one Docker has');
  const published = PUBLISHED[facts.kindVersion] ?? [];
  const pullable = published.find((image) => runnable(tagOf(image)));
  if (pullable && pullable !== kindDefault)
    return named(pullable, 'the newest one that runs under cgroup v1');
  return kindDefault
    ? { text: `${kindDefault} (kind's default)`, version: tagOf(kindDefault) }
    : { text: "kind's default" };
}

function forVersion(asked: string, facts: NodeImageFacts): NodeImageChoice {
  const match = /^v?(\d+\.\d+)(\.\d+)?$/.exec(asked.trim());
  const [, minor, patch] = match ?? [];
  if (minor === undefined) throw noSuchVersion(asked, 'It is no version.', 'Write it as `1.34` or `1.34.3`.');
  const published = PUBLISHED[facts.kindVersion] ?? [];
  if (patch !== undefined) {
    const tag = `v${minor}${patch}`;
    if (facts.localTags.includes(tag)) return named(`kindest/node:${tag}`, 'as asked for, Docker has it');
    const image = published.find((image) => tagOf(image) === tag);
    return named(image ?? `kindest/node:${tag}`, 'as asked for');
  }
  const ofMinor = (tag: string) => tag.startsWith(`v${minor}.`);
  const local = newest(facts.localTags.filter(ofMinor));
  if (local) return named(`kindest/node:${local}`, `the newest ${minor} Docker has`);
  const image = published.find((image) => ofMinor(tagOf(image)));
  if (image) return named(image, `the ${minor} published with kind ${facts.kindVersion}`);
  const why = `No image of Kubernetes ${minor} is in Docker, and which was published with kind ${facts.kindVersion} is not known.`;
  throw noSuchVersion(asked, why, 'Write the whole version (`1.34.3`), or name the image in `node-image`.');
}

function noSuchVersion(asked: string, why: string, remedy: string): BadInputError {
  const what = `There is no node image for Kubernetes ${asked}.`;
  return new BadInputError([{ code: 'RP1802', what, where: 'kubernetes-version', why, remedy }]);
}

function named(image: string, why: string): NodeImageChoice {
  const tag = tagOf(image);
  return { image, text: `${image} (${why})`, ...(parseVersion(tag) ? { version: tag } : {}) };
}

/** `v1.34.3` of `kindest/node:v1.34.3@sha256:…`; empty where there is no tag. */
function tagOf(image: string): string {
  return /:([^:/@]+)(@|$)/.exec(image.replace(/@sha256:.*$/, ''))?.[1] ?? '';
}

type Version = readonly [number, number, number];

function parseVersion(tag: string): Version | undefined {
  const match = /^v?(\d+)\.(\d+)\.(\d+)/.exec(tag);
  return match ? [Number(match[1]), Number(match[2]), Number(match[3])] : undefined;
}

function compare(one: Version, other: Version): number {
  return one[0] - other[0] || one[1] - other[1] || one[2] - other[2];
}

function newest(tags: readonly string[]): string | undefined {
  return tags
    .flatMap((tag) => {
      const version = parseVersion(tag);
      return version ? [{ tag, version }] : [];
    })
    .sort((one, other) => compare(other.version, one.version))[0]?.tag;
}
