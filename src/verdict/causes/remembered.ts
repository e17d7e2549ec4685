/**
 * A function that works out its answer once for each object that it is asked about. Rules are asked for each drop, and a
 * run may have a hundred thousand: what holds for the whole story is not looked for in all of it again each time.
 */
export function remembered<Of extends object, Answer>(work: (of: Of) => Answer): (of: Of) => Answer {
  const answers = new WeakMap<Of, { readonly answer: Answer }>();
  return (of) => {
    const known = answers.get(of);
    if (known) return known.answer;
    const answer = work(of);
    answers.set(of, { answer });
    return answer;
  };
}
