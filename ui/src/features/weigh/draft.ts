// Drafts on the device's disk: stored shortly after each change, in order, and found again after a kill.

import { host } from '@/host'

/** Keeps one draft. */
export interface DraftKeeper<T> {
  /** Store soon. */
  put(value: T): void
  /** Store what is waiting now. */
  flush(): Promise<void>
  /** Remove it; nothing stored before comes back. */
  drop(): Promise<void>
}

/** Makes a keeper for a key. Failures reach `failed`; the next change tries again. */
export function draftKeeper<T>(key: string, failed: (reason: unknown) => void = () => undefined, pause = 150): DraftKeeper<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  let waiting: { value: T } | undefined
  let last: Promise<void> = Promise.resolve()

  function store(): Promise<void> {
    clearTimeout(timer)
    const next = waiting
    waiting = undefined
    if (next) last = last.then(() => host().draftPut(key, next.value)).catch(failed)
    return last
  }

  return {
    put(value) {
      waiting = { value: JSON.parse(JSON.stringify(value)) as T } // a copy: the screen goes on changing
      clearTimeout(timer)
      timer = setTimeout(() => void store(), pause)
    },
    flush: store,
    drop() {
      clearTimeout(timer)
      waiting = undefined
      last = last.then(() => host().draftDelete(key)).catch(failed)
      return last
    },
  }
}
