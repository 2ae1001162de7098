// How a person likes a list (sort, filter, view): remembered on this device, outside the engine.

import { ref, watch, type Ref } from 'vue'

/** A value that survives restarts; `fallback` until one was chosen, or where what is stored no longer fits. */
export function usePreference<T>(key: string, fallback: T, fits: (value: unknown) => boolean = () => true): Ref<T> {
  const name = `huishou.view.${key}`
  const value = ref(read(name, fallback, fits)) as Ref<T>
  watch(
    value,
    (now) => {
      try {
        localStorage.setItem(name, JSON.stringify(now))
      } catch {
        // A full or forbidden storage only costs the memory of a preference.
      }
    },
    { deep: true },
  )
  return value
}

function read<T>(name: string, fallback: T, fits: (value: unknown) => boolean): T {
  try {
    const stored = localStorage.getItem(name)
    if (stored === null) return fallback
    const value: unknown = JSON.parse(stored)
    return fits(value) ? (value as T) : fallback
  } catch {
    return fallback
  }
}
