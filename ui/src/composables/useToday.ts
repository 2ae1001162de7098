// Which day it is, also for an app that stays open over midnight or wakes from sleep.

import { onScopeDispose, readonly, ref, type Ref } from 'vue'
import { localDay } from '@/format/time'

const LOOK_MS = 20_000

/** Today's local day (`2026-11-24`), followed as long as the component lives. */
export function useToday(): Readonly<Ref<string>> {
  const today = ref(localDay(new Date()))
  const look = () => (today.value = localDay(new Date()))
  const timer = setInterval(look, LOOK_MS)
  document.addEventListener('visibilitychange', look)
  onScopeDispose(() => {
    clearInterval(timer)
    document.removeEventListener('visibilitychange', look)
  })
  return readonly(today)
}
