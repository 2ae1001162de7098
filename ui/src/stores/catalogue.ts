// The price book in force and the names in it; read once and again when it changes.

import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { asAppError, host, type AppError, type BookView, type CatalogueItem } from '@/host'
import { language } from '@/i18n'
import { useSync } from './sync'

export const useCatalogue = defineStore('catalogue', () => {
  const book = ref<BookView | null>(null)
  const error = ref<AppError | null>(null)
  const byCategory = computed(() => new Map(book.value?.catalogue.map((item) => [item.category, item])))

  async function load() {
    try {
      book.value = await host().book()
      error.value = null
    } catch (reason) {
      error.value = asAppError(reason)
    }
  }

  const sync = useSync()
  watch(
    () => sync.revision,
    () => {
      if (book.value === null || sync.changed.includes('price_book')) void load()
    },
  )

  /** The goods' name in the language in use; the category itself where the book does not have it. */
  const name = (category: string): string => {
    const item = byCategory.value.get(category)
    if (!item) return category
    return language() === 'en' ? item.name_en : item.name
  }

  /** Goods by counter code, pinyin initials or a part of the name; the best first. */
  function find(query: string): CatalogueItem[] {
    const wanted = query.trim().toLowerCase()
    const items = book.value?.catalogue ?? []
    if (wanted === '') return items
    const rank = (item: CatalogueItem): number => {
      if (item.code === wanted || item.pinyin === wanted) return 0
      if (item.code.startsWith(wanted) || item.pinyin.startsWith(wanted)) return 1
      if (item.name.includes(wanted) || item.name_en.toLowerCase().includes(wanted) || item.category.includes(wanted)) return 2
      return 3
    }
    return items
      .map((item) => ({ item, rank: rank(item) }))
      .filter((found) => found.rank < 3)
      .sort((a, b) => a.rank - b.rank)
      .map((found) => found.item)
  }

  return { book, error, byCategory, load, name, find }
})
