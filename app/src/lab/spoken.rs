//! Figures as people read them.

/// A time in milliseconds, to three digits: `4.7 ms`, `412 ms`, `1.60 s`.
pub(crate) fn milliseconds(ms: f64) -> String {
    if !ms.is_finite() {
        return "?".to_owned();
    }
    let sign = if ms < 0.0 { "-" } else { "" };
    let tenths = whole(ms.abs() * 10.0);
    if tenths == 0 {
        "0 ms".to_owned()
    } else if tenths < 100 {
        format!("{sign}{}.{} ms", tenths / 10, tenths % 10)
    } else if tenths < 99_950 {
        let rounded = whole(ms.abs());
        if rounded < 1_000 {
            format!("{sign}{rounded} ms")
        } else {
            let hundredths = (rounded + 5) / 10;
            format!("{sign}{}.{:02} s", hundredths / 100, hundredths % 100)
        }
    } else {
        let tenths = whole(ms.abs() / 100.0);
        format!("{sign}{}.{} s", tenths / 10, tenths % 10)
    }
}

/// A figure in its unit: `ms`, `bytes`, or a count.
pub(crate) fn figure(value: f64, unit: &str) -> String {
    match unit {
        "ms" => milliseconds(value),
        "bytes" if value >= 1_048_576.0 => {
            let tenths = whole(value * 10.0 / 1_048_576.0);
            format!("{}.{} MiB", tenths / 10, tenths % 10)
        }
        "bytes" if value >= 1_024.0 => format!("{} KiB", whole(value / 1_024.0)),
        "bytes" => format!("{} bytes", whole(value)),
        _ => whole(value).to_string(),
    }
}

/// Rounded to a whole number; 0 for what is below it.
pub(super) fn whole(value: f64) -> u64 {
    // Saturates, and what is shown here is far below 2^53.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let whole = (value + 0.5).max(0.0) as u64;
    whole
}

#[cfg(test)]
mod tests {
    use super::{figure, milliseconds};

    #[test]
    fn times_keep_about_three_digits() {
        let cases = [
            (0.0, "0 ms"),
            (4.68, "4.7 ms"),
            (9.96, "10 ms"),
            (412.4, "412 ms"),
            (999.6, "1.00 s"),
            (1_604.0, "1.60 s"),
            (12_340.0, "12.3 s"),
            (-3.0, "-3.0 ms"),
            (f64::NAN, "?"),
        ];
        for (ms, words) in cases {
            assert_eq!(milliseconds(ms), words, "{ms}");
        }
    }

    #[test]
    fn a_figure_has_its_unit() {
        assert_eq!(figure(16.0, "count"), "16");
        assert_eq!(figure(512.0, "bytes"), "512 bytes");
        assert_eq!(figure(65_536.0, "bytes"), "64 KiB");
        assert_eq!(figure(1_310_720.0, "bytes"), "1.3 MiB");
        assert_eq!(figure(203.0, "ms"), "203 ms");
    }
}
