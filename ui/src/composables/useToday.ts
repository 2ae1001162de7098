// Which day it is in the city, also for an app that stays open over midnight or wakes from sleep.

import { onScopeDispose, readonly, ref, type Ref } from 'vue'
import { cityDay } from '@/format/city'

const LOOK_MS = 20_000

/** The city's day (`2026-11-24`), followed as long as the component lives. */
export function useToday(): Readonly<Ref<string>> {
  const today = ref(cityDay(new Date()))
  const look = () => (today.value = cityDay(new Date()))
  const timer = setInterval(look, LOOK_MS)
  document.addEventListener('visibilitychange', look)
  onScopeDispose(() => {
    clearInterval(timer)
    document.removeEventListener('visibilitychange', look)
  })
  return readonly(today)
}
