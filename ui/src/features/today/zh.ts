export default {
  title: '今日预约', search: '姓名、电话、地址、物品、单号', list_label: '预约列表',
  view_list: '列表', view_timeline: '时间轴', all_days: '全部日期', today: '今天', yesterday: '昨天', tomorrow: '明天',
  previous_day: '前一天', next_day: '后一天', states: '按状态筛选', sort_up: '时间从早到晚', sort_down: '时间从晚到早',
  slot_count: '{n} 单', more_in_slot: '还有 {n} 单，用列表查看', everybody: '所有人', collector: '回收员',
  empty_title: '这一天没有预约', empty_text: '新预约会自动同步到这里。', empty_action: '现在同步', empty_offline: '现在离线，联网后会自动取回新预约。',
  none_match: '没有符合条件的预约', clear_filters: '清除筛选', choose_title: '请选择一个预约', choose_text: '左侧点一行，或用方向键和回车。',
  estimate: '预估', due: '最终', call: '打电话', navigate: '导航去', offline_badge: '离线', call_title: '联系 {name}', go_title: '前往', copy_phone: '复制号码', dial: '拨号',
  copy_address: '复制地址', open_map: '在地图中打开',

  when: '上门时间', where: '上门地址', note: '客户备注', no_note: '没有备注', photos: '照片', assignee: '回收员',
  booked_goods: '预约物品与预估', final_quote: '最终报价', history: '经过', cancelled_by: '由{who}取消', draft_waiting: '有未完成的称重草稿',
  paid: '已付', open_order: '查看单据', shadow: '已转给别人，只能查看', back: '返回列表',
  actions: {
    start: '开始上门', weigh: '称重报价', weigh_draft: '继续称重', reweigh: '重新称重', accept: '客户确认', pay: '付款', complete: '完成上门', confirm: '确认预约', reschedule: '改期', estimate: '重新估价', assign: '指派', cancel: '取消预约',
  },
  done: { start: '已开始上门：{name}', confirm: '已确认：{name}', complete: '已完成：{name}', cancel: '已取消：{name}', reschedule: '已改到 {time}：{name}', assign: '已指派给{who}：{name}', unassign: '已取消指派：{name}' },
  cancel: {
    title: '取消预约', ask: '取消后不能恢复。请选择原因：', text: '说明', text_required: '选“其他”时请写明原因', reason_required: '请选择原因', keep: '不取消', go: '确定取消',
  },
  reschedule: { title: '改期', day: '日期', time: '时间', go: '确定改期', now: '现在约在 {time}' },
  assign: { title: '指派回收员', nobody: '不指派', go: '确定指派', current: '当前', none: '本机还没有回收员名单，请先同步。' },
  complete: { title: '还有没做完的事', unpaid: '这一单还没有付清：应付 {due}，已付 {paid}。', unweighed: '这一单还没有称重。', go: '仍然完成', back: '返回' },
}
