"""Colours and fonts: the system's own fonts, and contrast that a tired eye can read."""

from __future__ import annotations

import gradio as gr


def build_theme() -> gr.themes.Base:
    """Gradio's default theme without web fonts, and with text and buttons that pass WCAG AA (4.5:1)."""
    return gr.themes.Default(
        primary_hue="orange",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
        spacing_size="sm",
        radius_size="md",
        text_size="sm",
    ).set(
        body_text_color_subdued="#5b5b66",
        body_text_color_subdued_dark="#b4b4bd",
        block_info_text_color="#5b5b66",
        block_info_text_color_dark="#b4b4bd",
        button_primary_background_fill="#c2410c",
        button_primary_background_fill_hover="#9a3412",
        button_primary_background_fill_dark="#c2410c",
        button_primary_background_fill_hover_dark="#9a3412",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
    )
