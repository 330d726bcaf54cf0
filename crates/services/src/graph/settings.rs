//! [`Graph`]: what the configuration says of metrics.

use beds_core::section;

section! {
    /// `[graph]`
    Graph {
        /// Whether the node samples what it counts, for the template `metric`.
        sample: bool = true,
        /// How many seconds samples are kept as they came.
        keep_10s_s: u32 = 2 * 86_400,
        /// How many seconds minutes are kept.
        keep_1m_s: u32 = 30 * 86_400,
        /// How many seconds hours are kept.
        keep_1h_s: u32 = 730 * 86_400,
    }
}

impl Graph {
    /// The contradiction in this section, if there is one.
    #[must_use]
    pub fn contradiction(&self) -> Option<String> {
        let Self { sample: _, keep_10s_s, keep_1m_s, keep_1h_s } = *self;
        if keep_10s_s > keep_1m_s {
            return Some(format!(
                "graph.keep_10s_s is {keep_10s_s}: it must not be above graph.keep_1m_s, which is {keep_1m_s}"
            ));
        }
        (keep_1m_s > keep_1h_s).then(|| {
            format!(
                "graph.keep_1m_s is {keep_1m_s}: it must not be above graph.keep_1h_s, which is {keep_1h_s}"
            )
        })
    }
}
