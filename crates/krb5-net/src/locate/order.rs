//! The order of records with priority and weight (RFC 2782).

/// A record of DNS with its place among others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ranked<T> {
    pub(super) priority: u16,
    pub(super) weight: u16,
    pub(super) value: T,
}

/// Sorts by priority, lower numbers first; among equals each record comes next with a probability in proportion to its
/// weight. `random` gives a number from 0 up to its argument, both included.
pub(super) fn order<T>(mut records: Vec<Ranked<T>>, random: &mut dyn FnMut(u32) -> u32) -> Vec<T> {
    // Records without weight first, so that they have a small chance of being chosen before others.
    records.sort_by_key(|record| (record.priority, record.weight));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(priority) = records.first().map(|record| record.priority) {
        let equals = records.iter().take_while(|record| record.priority == priority);
        let total = equals.map(|record| u32::from(record.weight)).fold(0, u32::saturating_add);
        let drawn = random(total);
        let mut sum = 0u32;
        let chosen = records.iter().position(|record| {
            sum = sum.saturating_add(record.weight.into());
            sum >= drawn
        });
        ordered.push(records.remove(chosen.unwrap_or(0)).value);
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked(priority: u16, weight: u16, value: &str) -> Ranked<&str> {
        Ranked { priority, weight, value }
    }

    #[test]
    fn priority_comes_before_weight() {
        let records = vec![ranked(20, 65535, "c"), ranked(10, 0, "a"), ranked(15, 1, "b")];
        assert_eq!(order(records, &mut |most| most), ["a", "b", "c"]);
    }

    #[test]
    fn weight_decides_by_the_number_drawn() {
        let records = || vec![ranked(0, 60, "big"), ranked(0, 20, "small"), ranked(0, 0, "none")];
        // The running sums are none: 0, small: 20, big: 80.
        for (drawn, first) in [(0, "none"), (1, "small"), (20, "small"), (21, "big"), (80, "big")] {
            let mut draws = [drawn].into_iter();
            let ordered = order(records(), &mut |most| draws.next().unwrap_or(0).min(most));
            assert_eq!(ordered[0], first, "{drawn}");
            assert_eq!(ordered.len(), 3);
        }
    }

    #[test]
    fn sums_of_weights_may_be_large() {
        let mut largest = 0;
        order(vec![ranked(0, u16::MAX, ""); 300], &mut |most| {
            largest = largest.max(most);
            most
        });
        assert_eq!(largest, 300 * u32::from(u16::MAX));
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_lost(records: Vec<(u8, u16)>, seed: u32) {
            let ranked = records.iter().enumerate().map(|(value, &(priority, weight))| {
                Ranked { priority: priority.into(), weight, value }
            });
            let mut state = seed;
            let mut ordered = order(ranked.collect(), &mut |most| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state % (most + 1)
            });
            let priorities: Vec<u8> = ordered.iter().map(|&index| records[index].0).collect();
            proptest::prop_assert!(priorities.is_sorted());
            ordered.sort_unstable();
            proptest::prop_assert_eq!(ordered, (0..records.len()).collect::<Vec<_>>());
        }
    }
}
