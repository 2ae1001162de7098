// Asking the engine while someone types: asked at most every few milliseconds, and only the latest question's answer
// is shown, whatever order the answers come in.

/** A question asked after a pause, whose outdated answers are dropped. */
export interface Latest<Q> {
  /** Ask soon; an earlier question not yet sent is forgotten. */
  ask(question: Q): void
  /** Ask what is waiting right now and wait for its answer. */
  flush(): Promise<void>
  /** Forget everything. */
  stop(): void
  /** Something is waiting or on its way. */
  busy(): boolean
}

/** Makes a [`Latest`]. */
export function latest<Q, A>(
  send: (question: Q) => Promise<A>, show: (answer: A, question: Q) => void, fail: (reason: unknown) => void, pause = 50,
): Latest<Q> {
  let timer: ReturnType<typeof setTimeout> | undefined
  let waiting: { question: Q } | undefined
  let number = 0
  let running: Promise<void> | undefined

  function go(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const asked = waiting
    if (!asked) return running ?? Promise.resolve()
    waiting = undefined
    number += 1
    const mine = number
    const current = send(asked.question)
      .then((answer) => { if (mine === number) show(answer, asked.question) }, (reason: unknown) => { if (mine === number) fail(reason) })
      .finally(() => { if (mine === number) running = undefined })
    running = current
    return current
  }

  return {
    ask(question) {
      waiting = { question }
      clearTimeout(timer)
      timer = setTimeout(() => void go(), pause)
    },
    flush: go,
    stop() {
      clearTimeout(timer)
      waiting = undefined
      number += 1
      running = undefined
    },
    busy: () => waiting !== undefined || running !== undefined,
  }
}
