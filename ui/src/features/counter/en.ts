export default {
  title: 'Counter', total: 'Total', new: 'New', pay: 'Pay', print: 'Print', reprint: 'Print again', recent: "Today's tickets", none_today: 'No tickets yet today.',
  teach: 'Type a code (11), pinyin initials or a name and press Enter; gross, Enter, tare, Enter, next line. Enter on the empty line (or F9) pays, Enter confirms, F10 prints.',
  seller: 'Seller', seller_phone: "Seller's mobile (optional, F4)", seller_name: "Seller's name (optional)", seller_needs_name: 'With a mobile number, please enter the name too.', seller_needs_phone: 'With a name, please enter the mobile number too.',
  restored: 'Your unfinished ticket is back', held: 'Put aside', lines: '{n} lines', done: '{no} paid {amount}', recorded_unpaid: 'The ticket is recorded and waits for its payment. Esc to pay later.', left_unpaid: 'The ticket is recorded; pay it later from the list.',
  record_free: 'Record (nothing to pay)', nothing_to_print: 'There is no ticket to print yet.', paper: 'Paper',
  unpaid: 'Unpaid', void: 'Void', void_mark: 'Void', voided: '{no} is void', void_paid: 'Take back the {amount} that was paid, then void.', void_unpaid: 'A void ticket cannot be restored.', void_refund: '{amount} taken back, void', void_needs_reason: 'Please choose or enter a reason.',
  void_reason: { mistake: 'Written by mistake', seller_withdrew: 'Seller withdrew', duplicate: 'Written twice', other: 'Other' },
  receipt: 'Recycling ticket', no: 'No.', refund: 'Taken back', by: 'Served by {name}', thanks: 'Thank you, come again',
}
