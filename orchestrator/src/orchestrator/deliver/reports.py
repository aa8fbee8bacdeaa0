"""The SR classes that a report of ours can have."""

from __future__ import annotations

COMPREHENSIVE_3D_SR = "1.2.840.10008.5.1.4.1.1.88.34"
COMPREHENSIVE_SR = "1.2.840.10008.5.1.4.1.1.88.33"
ENHANCED_SR = "1.2.840.10008.5.1.4.1.1.88.22"
CLASSES = {
    "comprehensive_3d": COMPREHENSIVE_3D_SR,
    "comprehensive": COMPREHENSIVE_SR,
    "enhanced": ENHANCED_SR,
}
"""What the site file calls them."""
NEXT_CLASS = {COMPREHENSIVE_3D_SR: COMPREHENSIVE_SR, COMPREHENSIVE_SR: ENHANCED_SR}
"""What is offered to a system that has refused a class."""
