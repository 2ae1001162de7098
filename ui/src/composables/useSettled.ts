// A value once it has stopped changing: what is typed into a search is asked for when the hand rests.

import { onScopeDispose, ref, watch, type Ref } from 'vue'

/** Follows `source` after `pause` milliseconds without a change. */
export function useSettled<T>(source: Ref<T>, pause = 150): Ref<T> {
  const settled = ref(source.value) as Ref<T>
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(source, (value) => {
    clearTimeout(timer)
    timer = setTimeout(() => (settled.value = value), pause)
  })
  onScopeDispose(() => clearTimeout(timer))
  return settled
}
