-- A phone booking may be for somebody who is no customer of the mini-program. Their indexes stay as they are.
ALTER TABLE appointments MODIFY user_id BINARY(16) NULL;
