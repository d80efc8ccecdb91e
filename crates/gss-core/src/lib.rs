//! Values, framing and traits shared by every GSS-API mechanism
