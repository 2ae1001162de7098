// The one search field in the title bar: the screen that is open says what it searches.

import { onScopeDispose, ref, shallowRef, type Ref } from 'vue'

interface Search {
  query: Ref<string>
  placeholder: () => string
}

const active = shallowRef<Search | null>(null)

/** Lets the screen's search field appear in the title bar while the screen is open. */
export function useSearch(placeholder: () => string, query: Ref<string> = ref('')): Ref<string> {
  const mine: Search = { query, placeholder }
  active.value = mine
  onScopeDispose(() => {
    if (active.value === mine) active.value = null
  })
  return query
}

/** The open screen's search, for the title bar. */
export const activeSearch = () => active
