import type { NeighbourFact } from '../model/recording.ts';

/** What is told of a neighbour; when, everybody's own clock says. */
export type NeighbourNews = Omit<NeighbourFact, 'kind' | 'atMs'>;

/** A run among others on one cluster, until it is disposed: then the others are told that it is gone. */
export interface Membership extends Disposable {
  /** Its pods are being replaced from now on. */
  updates(): void;
}

interface Member {
  readonly scenario: string;
  readonly run: number;
  hear(news: NeighbourNews): void;
}

/** The runs that go on at the same time on one cluster: each hears what the others do, so that its recording tells. */
export class Company {
  readonly #members = new Set<Member>();

  /** A run begins. It hears at once who is there already. */
  enter(scenario: string, run: number, hear: Member['hear']): Membership {
    const member: Member = { scenario, run, hear };
    for (const other of this.#members) {
      hear({ scenario: other.scenario, run: other.run, state: 'present' });
    }
    this.#members.add(member);
    const tell = (state: NeighbourNews['state']) => {
      for (const other of this.#members) if (other !== member) other.hear({ scenario, run, state });
    };
    tell('present');
    return {
      updates: () => tell('update-triggered'),
      [Symbol.dispose]: () => {
        if (this.#members.delete(member)) tell('gone');
      },
    };
  }
}
