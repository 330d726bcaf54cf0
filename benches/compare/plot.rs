//! The figures as pictures: the number of requests, their cost, and their latencies at a fixed rate.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::figures::{Compared, Figures, Measured, Round, Series};
use crate::load::Drive;

const FONT: &str = "sans-serif";
const WIDTH: u32 = 900;
/// Heights of a row of bars, of the space above the bars of a panel, and of the space above all panels.
const ROW: u32 = 16;
const PANEL: u32 = 48;
const HEAD: u32 = 48;
const CURVES: u32 = 300;
/// The part of a panel's width for its labels.
const LABELS: f64 = 0.55;

const BLUE_: RGBColor = RGBColor(0x1f, 0x77, 0xb4);
const GREY: RGBColor = RGBColor(0xb0, 0xb0, 0xb0);
const ORANGE: RGBColor = RGBColor(0xff, 0x9f, 0x40);
const GREEN_: RGBColor = RGBColor(0x4c, 0xaf, 0x50);
const PURPLE: RGBColor = RGBColor(0x9b, 0x6d, 0xc6);
const COLOURS: [RGBColor; 5] = [GREY, BLUE_, ORANGE, GREEN_, PURPLE];

type Svg<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// A bar: its label, and its parts with their colours.
struct Bar {
    label: String,
    parts: Vec<(f64, RGBColor)>,
}

/// Draws the pictures for the figures, and returns their paths.
pub(crate) fn draw(figures: &Figures, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    let throughput = figures.comparisons.iter().map(|compared| (compared, throughput(compared)));
    let title = "Operations a second, by requests in flight";
    written.extend(bars(figures, folder.join("throughput.svg"), title, throughput.collect())?);
    let cpu = figures.comparisons.iter().map(|compared| (compared, cpu(compared)));
    let title = "CPU time an operation in µs: service (blue), RabbitMQ (orange), databases (green)";
    written.extend(bars(figures, folder.join("cpu.svg"), title, cpu.collect())?);
    written.extend(curves(figures, folder.join("latency.svg"))?);
    Ok(written)
}

fn throughput(compared: &Compared) -> Vec<Bar> {
    let bars = |series: &Series| -> Vec<Bar> {
        let bar = |measured: &Measured| Bar {
            label: format!("{}, {}", measured.contender, series.drive),
            parts: vec![(measured.median(|round| round.per_second), colour(measured))],
        };
        series.contenders.iter().map(bar).collect()
    };
    let in_flight = |series: &&Series| matches!(series.drive, Drive::InFlight(_));
    compared.series.iter().filter(in_flight).flat_map(bars).collect()
}

fn colour(measured: &Measured) -> RGBColor {
    if measured.contender.starts_with("node") { BLUE_ } else { GREY }
}

/// With the most requests in flight.
fn cpu(compared: &Compared) -> Vec<Bar> {
    let most = compared.series.iter().rfind(|series| matches!(series.drive, Drive::InFlight(_)));
    let bar = |measured: &Measured| {
        let of = |of: fn(&Round) -> f64| measured.median(of);
        Bar {
            label: measured.contender.clone(),
            parts: vec![
                (of(|round| round.cpu_us.contender), BLUE_),
                (of(|round| round.cpu_us.rabbitmq), ORANGE),
                (of(|round| round.cpu_us.mariadb + round.cpu_us.mongodb), GREEN_),
            ],
        }
    };
    most.map(|series| series.contenders.iter().map(bar).collect()).unwrap_or_default()
}

/// A panel of horizontal bars for each comparison, one below another.
fn bars(
    figures: &Figures,
    path: PathBuf,
    title: &str,
    panels: Vec<(&Compared, Vec<Bar>)>,
) -> Result<Option<PathBuf>> {
    let panels: Vec<_> = panels.into_iter().filter(|(_, bars)| !bars.is_empty()).collect();
    if panels.is_empty() {
        return Ok(None);
    }
    let heights: Vec<u32> =
        panels.iter().map(|(_, bars)| PANEL + ROW * u32::try_from(bars.len()).unwrap_or(1)).collect();
    {
        let root = SVGBackend::new(&path, (WIDTH, HEAD + heights.iter().sum::<u32>())).into_drawing_area();
        let mut rest = head(&root, title, figures)?;
        for ((compared, bars), height) in panels.iter().zip(heights) {
            let (area, below) = rest.split_vertically(height);
            rest = below;
            panel(&area, compared, bars).map_err(failed)?;
        }
        root.present().map_err(failed)?;
    }
    Ok(Some(path))
}

/// Draws the background, the title, the day and the machine, and returns the remaining area.
fn head<'a>(root: &Svg<'a>, title: &str, figures: &Figures) -> Result<Svg<'a>> {
    root.fill(&WHITE).map_err(failed)?;
    let (head, rest) = root.split_vertically(HEAD);
    let write =
        |text: &str, size: i32, y| head.draw_text(text, &(FONT, size).into_text_style(&head), (10, y));
    write(title, 18, 6).map_err(failed)?;
    write(&figures.machine.line(), 12, 30).map_err(failed)?;
    Ok(rest)
}

fn panel(area: &Svg, compared: &Compared, bars: &[Bar]) -> Result<(), Box<dyn std::error::Error>> {
    let length = |bar: &Bar| bar.parts.iter().map(|(value, _)| value).sum::<f64>();
    let most = bars.iter().map(length).fold(f64::MIN_POSITIVE, f64::max);
    let rows = f64::from(u32::try_from(bars.len())?);
    let mut chart = ChartBuilder::on(area)
        .caption(format!("{}: {}", compared.name, compared.title), (FONT, 14))
        .margin(10)
        .build_cartesian_2d(-most * LABELS..most * 1.1, rows..0.0)?;
    for (row, bar) in (0_u32..).map(f64::from).zip(bars) {
        write(&mut chart, &bar.label, (-most * LABELS, row + 0.5), HPos::Left)?;
        let mut left = 0.0;
        for (value, colour) in &bar.parts {
            let corners = [(left, row + 0.1), (left + value, row + 0.9)];
            chart.draw_series([Rectangle::new(corners, colour.filled())])?;
            left += value;
        }
        let digits = usize::from(most < 100.0);
        write(&mut chart, &format!(" {left:.digits$}"), (left, row + 0.5), HPos::Left)?;
    }
    Ok(())
}

fn write(
    chart: &mut Chart,
    text: &str,
    at: (f64, f64),
    side: HPos,
) -> Result<(), Box<dyn std::error::Error>> {
    let style = (FONT, 12).into_font().color(&BLACK).pos(Pos::new(side, VPos::Center));
    chart.draw_series([Text::new(text.to_owned(), at, style)])?;
    Ok(())
}

/// For each comparison the latencies at a fixed rate, from the median to the maximum.
fn curves(figures: &Figures, path: PathBuf) -> Result<Option<PathBuf>> {
    let at_rate = |compared: &Compared| {
        compared.series.iter().position(|series| matches!(series.drive, Drive::Rate(_)))
    };
    let panels: Vec<(&Compared, &Series)> = figures
        .comparisons
        .iter()
        .filter_map(|compared| Some((compared, compared.series.get(at_rate(compared)?)?)))
        .collect();
    if panels.is_empty() {
        return Ok(None);
    }
    {
        let rows = u32::try_from(panels.len().div_ceil(2))?;
        let root = SVGBackend::new(&path, (WIDTH, HEAD + rows * CURVES)).into_drawing_area();
        let title = "Latency in ms at a fixed rate, from when a request should have been sent";
        let areas = head(&root, title, figures)?.split_evenly((usize::try_from(rows)?, 2));
        for (area, (compared, series)) in areas.iter().zip(panels) {
            curve(area, compared, series).map_err(failed)?;
        }
        root.present().map_err(failed)?;
    }
    Ok(Some(path))
}

fn curve(area: &Svg, compared: &Compared, series: &Series) -> Result<(), Box<dyn std::error::Error>> {
    const RANKS: [&str; 6] = ["50 %", "90 %", "95 %", "99 %", "99.9 %", "all"];
    let ranks = |measured: &Measured| {
        let of = |of: fn(&Round) -> f64| measured.median(of) / 1e3;
        [
            of(|round| round.latency_us.p50),
            of(|round| round.latency_us.p90),
            of(|round| round.latency_us.p95),
            of(|round| round.latency_us.p99),
            of(|round| round.latency_us.p999),
            of(|round| round.latency_us.max),
        ]
    };
    let lines: Vec<(&Measured, [f64; 6])> =
        series.contenders.iter().map(|measured| (measured, ranks(measured))).collect();
    let least = lines.iter().map(|(_, ranks)| ranks[0]).fold(f64::MAX, f64::min);
    let most = lines.iter().map(|(_, ranks)| ranks[5]).fold(least, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption(format!("{}, {}", compared.name, series.drive), (FONT, 14))
        .margin(10)
        .x_label_area_size(20)
        .y_label_area_size(40)
        .build_cartesian_2d(0.0..5.0, (least / 2.0..most * 2.0).log_scale())?;
    // There is no label halfway between two ranks.
    let rank = |at: &f64| RANKS.iter().zip(0_u8..).find(|(_, n)| (f64::from(*n) - at).abs() < 0.01);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .x_labels(6)
        .x_label_formatter(&|at| rank(at).map(|(name, _)| (*name).to_owned()).unwrap_or_default())
        .draw()?;
    for ((measured, ranks), colour) in lines.into_iter().zip(COLOURS.into_iter().cycle()) {
        let points = (0_u8..).map(f64::from).zip(ranks);
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
            .label(measured.contender.as_str())
            .legend(move |(x, y)| Rectangle::new([(x, y - 4), (x + 10, y + 4)], colour.filled()));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .label_font((FONT, 11))
        .draw()?;
    Ok(())
}

fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("cannot draw: {error}")
}
