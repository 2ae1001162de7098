export default {
  title: '新预约', new: '新预约', go: '预约', who: '客户与地址', slot: '时段', other_day: '其他日期', goods: '物品与预估', estimate: '预估',
  division_hint: '区县名、拼音首字母（如 xh）或代码', no_division: '没有“{query}”这个区县', detail_hint: '街道、小区、楼栋、门牌，至少 5 个字',
  served_by: '由{station}上门', not_served: '本机所知的站点都不服务这个地区，可能约不上。',
  time_hint: '上下方向键选，回车继续。名额以服务器为准。', teach: '输入品类码、拼音首字母或名称，回车；再填大约多少。空行回车到备注。', needs_goods: '请至少加一种物品。',
  known: '老客户，上次 {day}。已填入姓名和地址。', known_open: '此人 {day} 已有预约。已填入姓名和地址。', forget: '清空', started_over: '已清空，重新开始',
  offline: '现在离线：预约先记在本机，联网后上传；时段是否还有名额，届时才知道。', done: '已预约 {time}：{name}',
  again: {
    title: '重新估价', go: '给出新预估', before: '原预估', was: '原预估', is: '新预估', done: '新预估 {amount}：{name}', prices: '价目已从第 {was} 版更新到第 {is} 版，同样的物品价钱可能不同。',
    closed: '现在不能再改预估：已经称重、已经结束，或者不由您负责。', offline: '现在离线：新预估先记在本机，联网后客户才能看到。',
  },
}
