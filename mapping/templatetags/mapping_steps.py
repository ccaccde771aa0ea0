"""The tabs of Mapping with how far each is."""

from django import template

from mapping.queries import steps

register = template.Library()
register.simple_tag(steps.mapping_steps)
