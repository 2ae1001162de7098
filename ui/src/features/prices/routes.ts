import type { RouteRecordRaw } from 'vue-router'

export default [
  { path: '/prices', name: 'prices', component: () => import('./PricesScreen.vue'), meta: { title: 'prices.title' } },
] satisfies RouteRecordRaw[]
