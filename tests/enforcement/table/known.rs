//! What is known to go another way than section 7 of the design promises.
//!
//! Each case tells what happens today; when one of these fails, it may have been mended, and belongs to its topic.

use super::{Case, play};

const KNOWN_WRONG: &[Case] = &[];

#[test]
fn what_is_known_to_be_wrong_is_still_so() {
    play(KNOWN_WRONG);
}
